"""How do I look, label and learn? The server behind the review page.

Nothing here prints, and nothing in an input folder is changed. Requests are answered in threads;
pictures are decoded, and tags learnt, in processes of their own.
"""
