CREATE OR REPLACE VIEW analytics.usage_cost AS
SELECT u.usage_date, u.app_id, u.app_name, u.preset_name, u.preset_view_type,
       round((u.participant_seconds / 60)::numeric, 4) AS participant_minutes,
       p.price_per_minute, p.currency,
       round((u.participant_seconds / 60)::numeric * p.price_per_minute, 6) AS cost_amount,
       p.price_id
FROM analytics.preset_usage AS u
LEFT JOIN LATERAL (
    SELECT p.price_id, p.price_per_minute, p.currency
    FROM analytics.prices AS p
    WHERE p.valid_from <= u.usage_date
      AND (p.app_id IS NULL OR p.app_id = u.app_id)
      AND (p.preset_name IS NULL OR p.preset_name = u.preset_name)
      AND (p.preset_view_type IS NULL OR p.preset_view_type = u.preset_view_type)
    ORDER BY p.app_id IS NULL, p.preset_name IS NULL, p.preset_view_type IS NULL, p.valid_from DESC, p.price_id
    LIMIT 1
) AS p ON true;

COMMENT ON VIEW  analytics.usage_cost IS 'Estimated cost by day, app, preset and view type: participant-minutes × your price in analytics.prices. Without a price that fits there is no cost, not a cost of 0.';
COMMENT ON COLUMN analytics.usage_cost.usage_date IS 'Day in UTC.';
COMMENT ON COLUMN analytics.usage_cost.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.usage_cost.app_name IS 'Name of the app; null where it is not known.';
COMMENT ON COLUMN analytics.usage_cost.preset_name IS 'Preset (role); null where the participant has none.';
COMMENT ON COLUMN analytics.usage_cost.preset_view_type IS 'GROUP_CALL, WEBINAR, AUDIO_ROOM, LIVESTREAM or CHAT; null where no event says.';
COMMENT ON COLUMN analytics.usage_cost.participant_minutes IS 'Minutes inside, summed over presences of participants (devices), four decimals.';
COMMENT ON COLUMN analytics.usage_cost.price_per_minute IS 'Price of one participant-minute that was used, in the currency; null where none fits.';
COMMENT ON COLUMN analytics.usage_cost.currency IS 'Currency of the price, ISO 4217.';
COMMENT ON COLUMN analytics.usage_cost.cost_amount IS 'participant_minutes × price_per_minute in the currency, six decimals; null where no price fits.';
COMMENT ON COLUMN analytics.usage_cost.price_id IS 'Price that was used: analytics.prices.price_id.';
