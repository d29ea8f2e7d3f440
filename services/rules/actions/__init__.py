"""What rules can do, a file an action: the docstring and `Params` are what the console and the API show.

`decide(ticket, params)` answers the steps to the state that is wanted, none where it is so already. It decides;
whoever runs the rules sends.
"""
