"""Sla: what a requester was promised, and how much of it is left.

owns     policies and calendars, every version of them; the clock of each ticket; timers that others set; what-ifs
hears    TicketOpened, MessageAdded, TicketChanged (tickets)
says     ClockChanged, TimerWarned, TimerBreached, TimerMet, TimerFired, CalendarChanged
answers  SlaService, TimersService, InsightService, WhatIfService by gRPC
jobs     none; `work` fires what falls due, fills gaps from the tickets' log, counts what is at risk and what-ifs
"""
