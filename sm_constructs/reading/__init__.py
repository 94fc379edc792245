"""How the parts of a CloudFormation template become value objects; `sm_constructs.template` puts them together."""
