"""The planned road: lists and objects become dictionaries by functions generated for their selection."""
