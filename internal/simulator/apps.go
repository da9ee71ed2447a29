package simulator

func (c *call) listApps() ([]byte, *apiError) {
	desc := c.query.choice("sort_order", "DESC", "ASC") == "DESC"
	search := c.query.search()
	pages := c.pages()
	if c.query.err != nil {
		return nil, c.query.err
	}
	var rows []*App
	for i := range c.data.Apps {
		if app := &c.data.Apps[i]; found(search, app.Name, app.ID) {
			rows = append(rows, app)
		}
	}
	order(rows, desc, c.flips(), func(a, b *App) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return c.dialect.list(c.buf, "", pages(len(rows)), func(buf []byte, n int) []byte {
		return c.dialect.app(buf, rows[n])
	}), nil
}
