-- The app's days are those of Berlin: its sessions wait to be derived anew by them.
UPDATE analytics.settings SET time_zone = 'Europe/Berlin';
INSERT INTO sync.account_zones VALUES ('account', 'Europe/Paris');
