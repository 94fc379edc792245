"""AWS CDK constructs that serve models on Amazon SageMaker."""
