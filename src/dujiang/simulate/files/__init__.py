"""The channel files of the brand, in the shape in which the platforms export them."""
