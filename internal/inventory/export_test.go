package inventory

// CheckAtOnce changes how much a run looks at to find missing rows.
func (s *Store) CheckAtOnce(sessions, rows int) { s.check = checkBounds{sessions, rows} }

// CheckSQL is the statement that does so.
var CheckSQL = missingRowsSQL
