INSERT INTO sync.verifications VALUES ('account', 'app', '-infinity', 'infinity', true, now(), 1, '{}', now(), 1);
