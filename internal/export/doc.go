// Package export writes the rows of one analytics view, or of one table of schema
// realtimekit, as CSV, JSON Lines, Parquet or an Excel workbook. Rows flow from the
// server to the writer one by one: memory does not grow with the view.
package export
