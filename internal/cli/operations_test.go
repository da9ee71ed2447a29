package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Whoever finds a warning in the log finds it in the manual, word for word.
func TestOperationsManualHasEveryWarning(t *testing.T) {
	t.Parallel()
	manual, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	messages := warnings(t, ".", "../../internal")
	if len(messages) < 15 {
		t.Fatalf("found only %d warnings in the code: %q", len(messages), messages)
	}
	for message, where := range messages {
		if !strings.Contains(string(manual), message) {
			t.Errorf("docs/operations.md does not have %q of %s", message, where)
		}
	}
}

// Each code of main.go has a row.
func TestOperationsManualHasEveryExitCode(t *testing.T) {
	t.Parallel()
	manual, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range []int{exitDone, exitFailed, exitUsage, exitPartial, exitTryLater} {
		if !strings.Contains(string(manual), "\n| "+strconv.Itoa(code)+" | ") {
			t.Errorf("docs/operations.md has no row for exit code %d", code)
		}
	}
}

// warnings gives the constant messages that the code logs as warning or error,
// and where. A message put together has several: its constant parts.
func warnings(t *testing.T, folders ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(node ast.Node) bool {
				for _, message := range warning(node) {
					found[message] = path
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// warning gives the message of a call such as logger.WarnContext(ctx, "…").
func warning(node ast.Node) []string {
	call, ok := node.(*ast.CallExpr)
	if !ok || len(call.Args) < 2 {
		return nil
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || method.Sel.Name != "WarnContext" && method.Sel.Name != "ErrorContext" {
		return nil
	}
	var parts []string
	ast.Inspect(call.Args[1], func(node ast.Node) bool {
		if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				parts = append(parts, text)
			}
		}
		return true
	})
	return parts
}
