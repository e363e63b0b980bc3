-- number_exclusion_rules: puts the numbering of rules made on the settings page behind the numbers given in files.
-- Called by: include.practice_data.writing.merge_sheet, after merge_exclusion_rule.
-- Parameters: none.
-- Returns: nothing of interest.
-- Locks: none.
-- Leaves out: nothing; a sequence that is ahead stays where it is.
SELECT setval(
    pg_get_serial_sequence('billing.exclusion_rule', 'rule_id'),
    greatest(
        (SELECT max(rule_id) FROM billing.exclusion_rule),
        pg_sequence_last_value(pg_get_serial_sequence('billing.exclusion_rule', 'rule_id')::regclass)
    )
);
