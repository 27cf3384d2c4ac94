"""Channel files: what platforms export, read, recognised, previewed and converted into facts through mappings."""
