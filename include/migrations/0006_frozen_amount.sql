-- 0006_frozen_amount: what a night freezes lets it write claims without reading the invoices again; coverage and
--   payment of a client are found in the index alone, newest first.
-- Lock: ACCESS EXCLUSIVE on billing.candidate for a moment; SHARE on practice.policy and practice.client_payment while
--   their indexes are built. Undo: drop the column and the two indexes; create policy_by_client on (client_id, level).

ALTER TABLE billing.candidate ADD COLUMN total_amount numeric(12, 2);
COMMENT ON COLUMN billing.candidate.total_amount IS 'Dollars of the invoice a claim is made of; an invoice''s amount never changes.';

DROP INDEX practice.policy_by_client;
CREATE INDEX policy_by_client ON practice.policy (client_id, level, starts_on DESC NULLS LAST, policy_id)
    INCLUDE (ends_on, insurer_id);
CREATE INDEX client_payment_newest ON practice.client_payment (client_id, starts_on DESC) INCLUDE (pays_by);
