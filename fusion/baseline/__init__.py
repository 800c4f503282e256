"""What is normal at a site: learned from quiet recordings, kept as JSON and arrays, checked on load."""
