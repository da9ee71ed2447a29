package postgres_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// composed are the functions whose statement this test does not see to be a
// constant, by folder, with what it is made of. None of it comes from the API or from a row;
// whoever adds one says so here.
var composed = map[string]string{
	"bench.newDatabase":        "a database named by rand.Text",
	"bench.drop":               "the same",
	"bench.day":                "a list of constants",
	"bench.changeOne":          "the same",
	"bench.fillCrowd":          "the statements of a constant, one by one",
	"bench.answer":             "a list of questions to time, of names of views and constants",
	"dictionary.collect":       "a parameter: constants of its callers",
	"postgres.makeRoom":        "names of the catalogue, quoted by Postgres",
	"postgres.suitDefinitions": "embedded files",
	"postgres.addKeys":         "tables and columns of a list in the code",
	"export.describe":          "two constants",
	"export.View":              "names of the catalogue, quoted by pgx.Identifier",
	"ledger.enter":             "a parameter: constants of its callers, in which it is written out what WithWorkers stands for",
	"queue.Claim":              "an embedded file, in which the same is written out",
	"queue.Rescue":             "the same",
	"queue.Figures":            "the same",
	"ledger.states":            "a parameter: constants of its callers",
	"erasure.findRows":         "two constants",
	"erasure.nameTable":        "tables and columns of a list in the code",
	"erasure.nameRows":         "the same",
	"erasure.deleteAll":        "constants of its callers",
	"erasure.maskOnce":         "names of the catalogue, quoted by Postgres",
	"erasure.keysOf":           "a parameter: constants of its callers",
	"erasure.pairs":            "the same",
	"erasure.reports":          "two tables of a list in the code",
	"load.stored":              "a parameter: embedded files",
	"load.merge":               "embedded files, with columns of a list in the code",
	"load.stage":               "the same",
	"load.stageRest":           "the same",
	"load.remove":              "embedded files",
	"warehouse.queueHold":      "a parameter: two constants of its callers",
	"load.lookAtTitle":         "a parameter: two constants of its callers",
	"inventory.queue":          "an embedded file and constants of a list in the code",
	"warehouse.Send":           "numbers that the server gave, in a constant",
	"warehouse.SendOne":        "a parameter: its callers are looked at too",
	"ledger.list":              "a parameter: embedded files",
	"ledger.lockBudget":        "a parameter: constants of its callers",
	"inventory.collect":        "the same",
	"oracle.collect":           "a parameter: constants of its callers",
	"pgtest.exec":              "databases that the tests name",
	"pgtest.Exec":              "what the tests ask",
	"pgtest.Number":            "the same",
	"pgtest.Text":              "the same",
	"pgtest.Texts":             "the same",
	"pgtest.Shown":             "the same",
	"postgres.identities":      "names of the catalogue, quoted by Postgres",
	"postgres.backend":         "a parameter: constants of its callers",
	"postgres.texts":           "a parameter: embedded files and constants of its callers",
	"postgres.make":            "an embedded file of the role",
	"private.ensureDatabase":   "a constant, quoted by pgx.Identifier",
	"report.write":             "constants of a list in the code",
	"report.list":              "a parameter: constants of its callers",
}

// No statement is made of data: what is handed to Postgres is a constant, a file
// that is embedded, or a sum of these. Values travel as parameters.
func TestStatementsAreConstants(t *testing.T) {
	t.Parallel()
	var packages []source
	shared := make(map[string]bool)
	for _, root := range []string{"../../internal", "../../cmd"} {
		err := filepath.WalkDir(root, func(dir string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return err
			}
			p := readPackage(t, dir)
			packages = append(packages, p)
			for name := range p.fixed {
				shared[filepath.Base(dir)+"."+name] = true
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	statements, excused := 0, make(map[string]bool)
	for _, p := range packages {
		p.shared, p.excused = shared, excused
		statements += p.check(t)
	}
	if statements < 50 {
		t.Errorf("only %d statements were found: the test looks in the wrong place", statements)
	}
	for name := range composed {
		if !excused[name] {
			t.Errorf("%s sends no statement that is composed: take it out of the list", name)
		}
	}
}

// source is the production code of a package.
type source struct {
	files map[string]*ast.File
	fset  *token.FileSet
	fixed map[string]bool // names of its constants and of its embedded files

	shared  map[string]bool // those of all packages, as package.Name
	excused map[string]bool // functions of all packages that need their entry in composed
}

func readPackage(t *testing.T, dir string) source {
	t.Helper()
	s := source{files: map[string]*ast.File{}, fset: token.NewFileSet(), fixed: map[string]bool{}}
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if s.files[name], err = parser.ParseFile(s.fset, name, nil, parser.ParseComments); err != nil {
			t.Fatal(err)
		}
		ast.Inspect(s.files[name], func(n ast.Node) bool {
			if d, ok := n.(*ast.GenDecl); ok {
				s.declared(d)
			}
			return true
		})
	}
	return s
}

func (s source) declared(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		v, ok := spec.(*ast.ValueSpec)
		embedded := ok && (isEmbed(v.Doc) || isEmbed(d.Doc))
		for i := 0; ok && i < len(v.Names) && (d.Tok == token.CONST || embedded); i++ {
			s.fixed[v.Names[i].Name] = true
		}
	}
}

func isEmbed(doc *ast.CommentGroup) bool {
	for i := 0; doc != nil && i < len(doc.List); i++ {
		if strings.HasPrefix(doc.List[i].Text, "//go:embed ") {
			return true
		}
	}
	return false
}

// check gives how many statements the package sends.
func (s source) check(t *testing.T) (statements int) {
	t.Helper()
	for path, file := range s.files {
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			name := filepath.Base(filepath.Dir(path)) + "." + f.Name.Name
			ast.Inspect(f, func(n ast.Node) bool {
				if sql := statement(n); sql != nil {
					statements++
					switch fixed := s.isFixed(sql); {
					case !fixed && composed[name] == "":
						t.Errorf("%s: the statement of %s is no constant", s.fset.Position(sql.Pos()), name)
					case !fixed:
						s.excused[name] = true
					}
				}
				return true
			})
		}
	}
	return statements
}

// statement gives what a call hands to Postgres as SQL, nil for another call.
func statement(n ast.Node) ast.Expr {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return nil
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	switch name := method.Sel.Name; {
	case name == "Queue" && len(call.Args) > 0:
		return call.Args[0]
	case (name == "Exec" || name == "Query" || name == "QueryRow" || name == "SendOne") && len(call.Args) > 1:
		return call.Args[1]
	}
	return nil
}

func (s source) isFixed(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Kind == token.STRING
	case *ast.Ident:
		return s.fixed[e.Name]
	case *ast.SelectorExpr:
		from, ok := e.X.(*ast.Ident)
		return ok && s.shared[from.Name+"."+e.Sel.Name]
	case *ast.BinaryExpr:
		return e.Op == token.ADD && s.isFixed(e.X) && s.isFixed(e.Y)
	}
	return false
}
