"""What the four stages share: identity, archives, pictures, vectors, classifiers, results."""

VERSION = "0.1.0"
