-- 0005_privileges: what each role may do, and no more.
-- Lock: none to speak of. Undo: REVOKE the same.
-- billing_pipeline runs the nightly tasks: no DDL, settings and rules read only, history append-only.
-- billing_settings is the settings page: settings, rules, severities and the functions of work by hand.
-- billing_analyst reads reporting and nothing else.

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA billing FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA practice FROM PUBLIC;

GRANT USAGE ON SCHEMA practice, billing, reporting TO billing_pipeline, billing_settings;
GRANT SELECT ON ALL TABLES IN SCHEMA practice, billing, reporting TO billing_pipeline, billing_settings;
GRANT EXECUTE ON FUNCTION billing.clock(), billing.actor(), billing.billing_day(timestamptz, text),
    billing.client_key(bigint), billing.local_today(bigint) TO billing_pipeline, billing_settings;

GRANT EXECUTE ON FUNCTION billing.analyze_candidates() TO billing_pipeline;
GRANT INSERT, UPDATE ON billing.run, billing.run_attempt, billing.run_organization, billing.nightly_result,
    billing.decision, billing.finding, billing.edit, billing.edit_not_checked, billing.interchange TO billing_pipeline;
GRANT INSERT, UPDATE, DELETE ON billing.candidate TO billing_pipeline;
GRANT INSERT, UPDATE ON billing.work_lock, billing.claim TO billing_pipeline;
GRANT INSERT ON billing.invoice, billing.invoice_line, billing.transaction_set, billing.claim_submission,
    billing.history TO billing_pipeline;
GRANT UPDATE (last_control_number) ON billing.receiver TO billing_pipeline;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA billing TO billing_pipeline;

GRANT INSERT, UPDATE ON billing.automation_setting, billing.exclusion_rule TO billing_settings;
GRANT INSERT, UPDATE, DELETE ON billing.exclusion_condition, billing.edit_severity TO billing_settings;
GRANT INSERT ON billing.history TO billing_settings;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA billing TO billing_settings;
GRANT EXECUTE ON FUNCTION billing.hold_item(text, bigint, text, date), billing.lift_hold(text, bigint),
    billing.release_item(text, bigint, text, boolean), billing.create_invoice(bigint),
    billing.create_claim(bigint, text), billing.confirm_invoice(bigint), billing.move_back_claim(bigint, text),
    billing.void_invoice(bigint, text), billing.organization_of_item(text, bigint) TO billing_settings;

GRANT USAGE ON SCHEMA reporting TO billing_analyst;
-- The views call it; without USAGE on schema billing an analyst cannot name it.
GRANT EXECUTE ON FUNCTION billing.client_key(bigint) TO billing_analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO billing_analyst;
