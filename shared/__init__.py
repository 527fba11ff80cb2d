"""What the four stages share: identity, archives, pictures, vectors, classifiers, results."""
