"""What the four stages share: identity, archives, pictures, vectors, classifiers, results."""

VERSION = "0.2.0.dev0"
