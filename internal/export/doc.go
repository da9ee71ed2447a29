// Package export writes the rows of one analytics view as CSV, JSON Lines or
// Parquet. Rows flow from the server to the writer one by one: memory does not
// grow with the view. Times are UTC in every format.
package export
