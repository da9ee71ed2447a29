// Package inventory tells what the warehouse holds: for a comparison with the API, to
// find rows that were stored and are missing, and apps that are stored under two ids.
// What it finds it queues or mends.
package inventory
