"""Reports: counts and durations per 15 minutes, and the load of the queues.

owns     counts by channel, group, agent and tag; minutes for the board; load of the queues; exports;
         a copy of every calendar
hears    TicketOpened, MessageAdded, TicketChanged, MessageIgnored (tickets); TimerWarned, TimerBreached, TimerMet,
         CalendarChanged (sla); MessageQuarantined (ingest); RulesApplied (rules)
says     nothing
answers  ReportsService by gRPC
jobs     reports.export; `work` also samples the queues under a lease and exports their load as metrics
"""
