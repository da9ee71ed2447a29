package simulator

import "net/http"

// apiError is a refusal in one of the two documented envelopes.
type apiError struct {
	status  int
	code    int
	message string
	chain   *apiError // error_chain of the gateway envelope
	gateway bool      // {errors:[…],result:null} instead of {error:{…}}
}

func badRequest(message string) *apiError {
	return &apiError{status: http.StatusBadRequest, code: http.StatusBadRequest, message: "BAD_REQUEST: " + message}
}

func notFound(message string) *apiError {
	return &apiError{status: http.StatusNotFound, code: http.StatusNotFound, message: message}
}

func noRoute() *apiError {
	return &apiError{status: http.StatusNotFound, code: 7003, message: "No route for the URI", gateway: true}
}

func notAllowed() *apiError {
	return &apiError{status: http.StatusMethodNotAllowed, code: http.StatusMethodNotAllowed, message: "Method not allowed"}
}

// denied is the answer to a wrong token (401), to a token without the right
// (403) and to one that has spent its quota (429).
func denied(status int, message string) *apiError {
	return &apiError{status: status, code: 10000, message: message, gateway: true}
}

func badHeaders() *apiError {
	chain := &apiError{code: 6111, message: "Invalid format for Authorization header"}
	return &apiError{status: http.StatusBadRequest, code: 6003, message: "Invalid request headers", chain: chain, gateway: true}
}

func (e *apiError) render() []byte {
	if !e.gateway {
		return append(e.object([]byte(`{"success":false,"error":`)), '}')
	}
	return append(e.object([]byte(`{"success":false,"errors":[`)), `],"messages":[],"result":null}`...)
}

func (e *apiError) object(buf []byte) []byte {
	o := (&Dialect{}).object(buf, nil)
	o.count("code", e.code)
	o.text("message", e.message)
	if e.chain != nil && o.key("error_chain") {
		o.buf = append(e.chain.object(append(o.buf, '[')), ']')
	}
	return o.close()
}
