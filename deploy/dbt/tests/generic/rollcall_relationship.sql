{# As dbt's relationships, for a key of several columns of the same names. A key with
   a null in it leads nowhere, as in the database. #}
{% test rollcall_relationship(model, to, columns) %}
select child.*
from {{ model }} as child
where {% for c in columns %}child.{{ c }} is not null and {% endfor %}not exists (
    select 1 from {{ to }} as parent
    where {% for c in columns %}parent.{{ c }} = child.{{ c }}{{ ' and ' if not loop.last }}{% endfor %}
)
{% endtest %}
