"""All that Kizashi says of incidents to people, in one place for each language.

1. `texts` says which phrases there are: a language that lacks one is no language, and the type checker says so;
2. `english` and `japanese` hold them; words of sensors (channels, classes, faults) stand in `vocabulary`;
3. `choice` gives the texts of a language by its name.
"""
