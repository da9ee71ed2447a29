package simulator

// page is the part of a list that one answer shows.
type page struct {
	lo, hi     int // rows [lo, hi) of the list, counted from 0
	total      int // total_count as announced
	start, end int // 1-based and inclusive offsets as announced; both 0 on an empty page
}

// defaultPerPage applies where per_page is absent or 0.
const defaultPerPage = 20

// page computes what page number no (counted from base) of size rows shows of a
// list of total rows.
func (d *Dialect) page(no, base, size, total int) page {
	if size == 0 {
		size = defaultPerPage
	}
	rows := size
	if d.MaxPerPage > 0 && size > d.MaxPerPage {
		rows = d.MaxPerPage
		if !d.CapRowsOnly {
			size = rows
		}
	}
	index := max(no-base, 0)
	if d.RepeatLastPage && total > 0 {
		index = min(index, (total-1)/size)
	}
	p := page{lo: total, hi: total, total: total}
	if index <= total/size {
		p.lo = min(index*size, total)
		p.hi = min(p.lo+rows, total)
	}
	if p.lo < p.hi {
		p.start, p.end = p.lo+1, p.hi
	}
	if d.RepeatLastPage && total > 0 {
		p.total++
	}
	if d.EmptyLastPage && p.end == total && total > 0 {
		p.end--
	}
	return p
}
