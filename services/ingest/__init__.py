"""Ingest: what came in is kept before we say yes, and what we answer leaves once.

owns     channels, how far mailboxes elsewhere are fetched, the intake ledger with raw messages and attachments, quarantine,
         the send ledger
hears    TicketOpened, MessageAdded, TicketChanged, MessageIgnored (close intake rows; a reply fills the send ledger)
says     MessageReceived, MessageQuarantined, DeliveryChanged
answers  IngestService by gRPC; SMTP and LMTP; POST /v1/channels/{channel_id}/messages
jobs     ingest.send_reply
"""
