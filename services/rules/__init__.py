"""Rules: what happens by itself when something happens to a ticket, and why.

owns     rules, every version of them; the explanation of each event for 30 days; how often a sender was answered;
         a copy of every calendar
hears    TicketOpened, MessageAdded, TicketChanged (tickets); TimerWarned, TimerBreached, TimerFired,
         CalendarChanged (sla)
says     RulesApplied
answers  RulesService by gRPC; commands tickets by ApplyCommands
jobs     none; `listen` sweeps the outbox under a lease
"""
