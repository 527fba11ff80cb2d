"""How do tags become classifiers? This is stage 2.

Vectors and tag lists go in, classifier files and reports come out.
`run` puts it together; `fitting` alone knows scikit-learn's estimators. No picture is decoded here.
"""
