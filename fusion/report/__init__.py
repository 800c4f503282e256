"""What `replay` and `evaluate` show to people, made from the files that a replay writes.

1. `records` gives the lines of verdicts.jsonl and incidents.jsonl their types;
2. `timeline` reads them as a stream into at most some two thousand columns;
3. `picture` draws the columns, one lane a sense; `lanes` and `ticks` are its parts, `palette` its colours;
4. `page` writes report.html around the picture, one of its `cards` an incident;
5. `metrics` judges incidents against labels, `table` prints the judgement.
"""
