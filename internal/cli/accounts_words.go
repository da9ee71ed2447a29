package cli

import "strings"

// told gives an error in the words of the accounts file: the variables stand for one account,
// and must not be set beside it.
func (a *account) told(err error) error {
	if err == nil {
		return nil
	}
	if text := a.words(err.Error()); text != err.Error() {
		return &toldError{text: text, cause: err}
	}
	return err
}

// told gives an error in the words of where the account is from.
func (f *apiFlags) told(err error) error {
	if f.ofFile == nil {
		return err
	}
	return f.ofFile.told(err)
}

// words gives what a sentence about the account's variables means for one of the file.
func (a *account) words(text string) string {
	pairs := []string{
		"belongs into CLOUDFLARE_API_TOKEN", "belongs into the file that token_file names",
		"CLOUDFLARE_API_TOKEN_FILE", "token_file in " + accountsVariable,
		"CLOUDFLARE_API_TOKEN", "the token of token_file in " + accountsVariable,
		"CLOUDFLARE_ACCOUNT_ID", "id in " + accountsVariable,
	}
	if len(a.Apps) > 0 {
		pairs = append(pairs, "REALTIMEKIT_APP_IDS", "apps in "+accountsVariable)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
