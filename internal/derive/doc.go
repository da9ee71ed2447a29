// Package derive finds from the rows of one session what the views are about: who
// was inside when, merged per person, and the session's figures. The function
// analytics.derive is the definition, in SQL; this is the same for a session whose
// rows are in hand, at a fraction of the cost. Tests of internal/load hold the two
// against each other. It knows neither database nor API.
package derive
