// Package extract reads RealtimeKit over HTTP: what flows in is the API's JSON,
// what flows out are the records of package model, page by page.
//
// It owns everything between a URL and a record: the request budget that is
// shared with whoever else uses the token, retries, limits on what a body may
// cost, paging that does not trust the documentation, and decoding. It knows
// nothing of Postgres and decides nothing about what to read next.
//
// The package is larger than others, since each kind of record has a decoder of its own,
// and all of them share one client, one reader of JSON and one judgement of pages.
package extract
