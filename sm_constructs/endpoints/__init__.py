"""The endpoint constructs: one module per kind; ``base`` renders a spec to CloudFormation resources."""
