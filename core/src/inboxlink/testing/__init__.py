"""What shows that a provider keeps the contract, and the servers that it is shown at."""
