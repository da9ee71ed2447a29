package simulator

import (
	"net/http"
	"strings"
)

// authorize checks the Authorization header, then the account in the path.
func (s *Server) authorize(r *http.Request, rt route) *apiError {
	if rt.legacy {
		return s.authorizeLegacy(r, rt.app)
	}
	account := rt.account
	token, ok := bearer(r.Header.Get("Authorization"))
	switch {
	case !ok:
		return badHeaders()
	case s.token != "" && token != s.token:
		return denied(http.StatusUnauthorized, "Authentication error")
	case account != "" && s.data.AccountID != "" && account != s.data.AccountID:
		return denied(http.StatusForbidden, "Authentication error")
	}
	return nil
}

// authorizeLegacy checks the id and the key of an organization.
func (s *Server) authorizeLegacy(r *http.Request, organization string) *apiError {
	_, key, ok := r.BasicAuth()
	if !ok || s.index.apps[organization] == nil || s.token != "" && key != s.token {
		return &apiError{status: http.StatusUnauthorized, code: http.StatusUnauthorized, message: "Unauthorized"}
	}
	return nil
}

// bearer returns the token of a well-formed header (RFC 6750, b64token).
func bearer(header string) (string, bool) {
	scheme, token, found := strings.Cut(header, " ")
	if !found || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", false
	}
	for i := range len(token) {
		c := token[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && !strings.ContainsRune("-._~+/=", rune(c)) {
			return "", false
		}
	}
	return token, true
}

// verify answers the two token verification calls. A token of the other kind is
// refused, and neither call says anything about the Realtime permission.
func (c *call) verify() ([]byte, *apiError) {
	kind := TokenUser
	if c.route.account != "" {
		kind = TokenAccount
	}
	if c.dialect.TokenKind != TokenAny && c.dialect.TokenKind != kind {
		return nil, &apiError{status: http.StatusUnauthorized, code: 1000, message: "Invalid API Token", gateway: true}
	}
	return append(c.buf, `{"success":true,"errors":[],"messages":[],"result":{"id":"ed17574386854bf78a67040be0a770b0","status":"active"}}`...), nil
}
