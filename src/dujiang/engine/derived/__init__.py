"""The derived tables, one module for each: an Ibis expression over facts and over tables derived before it."""
