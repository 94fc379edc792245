"""Our word against that of others who judge templates: cfn-lint, the CDK's validation, and botocore."""
