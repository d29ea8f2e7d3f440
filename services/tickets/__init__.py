"""Tickets: sole owner of a ticket's state, of its conversation and of its history.

owns     tickets, their messages and their log; requesters as customers, organisations; groups, agents and tokens
hears    MessageReceived, DeliveryChanged (ingest); ClockChanged (sla)
says     TicketOpened, MessageAdded, TicketChanged, MessageIgnored
answers  TicketsService, CustomersService and AccountsService by gRPC
jobs     none; `work` stamps the log's sequence, sweeps the outbox and counts the open tickets
"""
