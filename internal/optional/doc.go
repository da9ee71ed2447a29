// Package optional writes what is read beside the sessions where that is asked for:
// meetings and who is enrolled in them, the vendor's counts by day, peer reports, and
// recordings and livestreams.
// It keeps how each of these reads went, and knows what is still due.
package optional
