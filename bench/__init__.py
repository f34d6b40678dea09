"""What is measured rather than tested: the shipped priors, and speed."""
