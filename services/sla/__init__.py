"""Sla: what a requester was promised, and how much of it is left.

owns     policies and calendars, every version of them; the clock of each ticket
hears    TicketOpened, MessageAdded, TicketChanged (tickets)
says     ClockChanged, TimerWarned, TimerBreached, TimerMet
answers  SlaService by gRPC
jobs     none; `work` fires what falls due, fills gaps from the tickets' log, counts what is at risk
"""
