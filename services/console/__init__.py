"""The console: the web pages that agents, managers and those on duty work in.

owns      nothing that lasts: a session lives in its signed cookie, what a page shows in its address
hears     no event; one WatchTickets stream a replica while a page is open, through gRPC
says      nothing on the bus
answers   HTTP: pages (Flask on threads), /live (server-sent events on asyncio), /static; LookupsService by gRPC
jobs      none
"""
