"""What maintains the data files and the generated pages."""
