"""What only some may see: clips under lock, who may open them, and a log of who did.

`roots` and `sealing` lock segments, `segments` keeps them, `retention` lets them go; `users` and `access` say who may
what; `audit` remembers it; `exports` knows what was handed out.
"""
