"""What happens to a picture? Stages 1, 3 and 4, from what the user asked for to the summary.

The four steps are `survey`, `reading`, `scoring` and `publishing`; each keeps what it has done in
the database. How it is said to the user is the terminal's affair.
"""
