// Package report writes one self-contained HTML page about a session or a range
// of days. What it says comes from the views of schema analytics, read in one
// transaction, and where it was read from, from the books of schema sync; the
// page asks nothing of any network.
//
// The charts are drawn by Apache ECharts, whose published file is embedded as it
// is; fetch it anew, checked against its digest, with make echarts.
package report
