-- Which waiting payments are to be looked at next, without reading those that are not.
create index payment_looks_due on countersign.payment_looks (next_at);
