"""How does a picture become a vector? Each embedder is one module, what they share is `embedder`.

Which pictures are embedded, and where the vectors are kept, is decided elsewhere.
"""
