"""What is there to look at? Static pages: no script, nothing loaded from elsewhere.

Whatever strangers named is shown as text. What a page says comes from whoever has it made.
"""
