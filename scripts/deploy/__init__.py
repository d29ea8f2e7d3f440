"""What is deployed is right before anybody deploys it: image, compose file, chart, rules and dashboard."""
