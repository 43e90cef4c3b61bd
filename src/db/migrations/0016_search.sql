-- Orders are found by how their reference, or their customer's address or name, begins.

create index orders_by_reference_begin on countersign.orders (tenant, lower(reference) text_pattern_ops);
create index orders_by_customer_email on countersign.orders (tenant, lower(state #>> '{facts,customer,email}') text_pattern_ops)
  where state #>> '{facts,customer,email}' is not null;
create index orders_by_customer_name on countersign.orders (tenant, lower(state #>> '{facts,customer,name}') text_pattern_ops)
  where state #>> '{facts,customer,name}' is not null;
