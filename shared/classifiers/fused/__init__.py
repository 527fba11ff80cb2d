"""What do many classifiers say of many vectors? All of one kind in one matrix product.

Numpy alone, about a hundred times `predict_proba` of each; no file, no tag, no scikit-learn.
"""
