package simulator

import "strconv"

// writing is a stock of names in one writing.
type writing struct {
	weight      int // share in percent
	given       []string
	family      []string
	familyFirst bool
	separator   string
}

// writings covers the writings that a warehouse has to carry unharmed, right to
// left and beyond the basic plane among them. The weights add up to 100.
func writings() []writing {
	return []writing{
		{
			weight: 52, separator: " ",
			given:  []string{"Mira", "Zoë", "José", "Anaïs", "Søren", "Łukasz", "Chloé", "Jürgen", "Nuño", "Ingrid", "Åsa", "Tomáš", "Beatriz", "Owen", "Priya", "Siobhán", "Eduardo", "Freya", "Ibrahim", "Çelik"},
			family: []string{"Müller", "Nguyễn", "O’Brien", "García", "Dvořák", "Sjöberg", "Kowalczyk", "D'Angelo", "Smith", "Öztürk", "Ferreira", "Håkansson", "Bălan", "Osei-Mensah", "van der Berg"},
		},
		{
			weight: 11, separator: " ",
			given:  []string{"ليلى", "محمد", "يوسف", "نور", "سارة", "خالد"},
			family: []string{"العلي", "حدّاد", "الخطيب", "منصور", "عبد الله"},
		},
		{
			weight: 11, separator: " ",
			given:  []string{"Алёна", "Дмитро", "Ольга", "Ђорђе", "Иван", "Наталія"},
			family: []string{"Шевченко", "Йорданова", "Кузнецов", "Петровић", "Лебедь"},
		},
		{
			weight: 11, familyFirst: true,
			given:  []string{"伟", "芳", "子涵", "太郎", "さくら", "美咲"},
			family: []string{"王", "李", "欧阳", "佐藤", "𠮷田"},
		},
		{
			weight: 6, familyFirst: true,
			given:  []string{"민준", "서연", "지우", "하은"},
			family: []string{"김", "이", "박", "남궁"},
		},
		{
			weight: 5, separator: " ",
			given:  []string{"आरव", "அனிதா", "प्रिया", "দীপা"},
			family: []string{"शर्मा", "நாயர்", "चौधरी", "সেন"},
		},
		{
			weight: 4, separator: " ",
			given:  []string{"🦊 Max", "Emma 🌻", "👩🏽‍🚀 Ada", "Leo ⚽️", "🇺🇦 Ira"},
			family: []string{"B.", "K.", "R.", "(she/her)", "\"Ace\" T."},
		},
	}
}

// name draws a display name.
func (r random) name(stock []writing) string {
	at := r.IntN(100)
	for _, s := range stock {
		if at -= s.weight; at >= 0 {
			continue
		}
		given, family := s.given[r.IntN(len(s.given))], s.family[r.IntN(len(s.family))]
		if s.familyFirst {
			return family + s.separator + given
		}
		return given + s.separator + family
	}
	return "Guest"
}

// people draws n attendees. The custom ids count up behind the prefix.
func (r random) people(n int, prefix, suffix string) []attendee {
	stock := writings()
	all := make([]attendee, n)
	for i := range all {
		all[i] = attendee{
			name:     r.name(stock),
			customID: prefix + strconv.Itoa(1000+i) + suffix,
			userID:   r.uuid(),
		}
	}
	return all
}
